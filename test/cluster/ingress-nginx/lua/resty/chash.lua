-- Stand-in for OpenResty's consistent hash: the same key finds the same node while the nodes stay.
local Hash = {}
Hash.__index = Hash

function Hash.new(_, nodes)
  local self = setmetatable({}, Hash)
  self:reinit(nodes)
  return self
end

function Hash.reinit(self, nodes)
  self.nodes = {}
  for id in pairs(nodes) do
    table.insert(self.nodes, id)
  end
  table.sort(self.nodes)
end

function Hash.find(self, key)
  return self.nodes[ngx.crc32_long(tostring(key)) % #self.nodes + 1]
end

return Hash
