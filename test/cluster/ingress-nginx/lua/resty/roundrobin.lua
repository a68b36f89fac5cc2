-- Stand-in for OpenResty's lua-resty-balancer, which Debian lacks: plain round robin by weight.
local RoundRobin = {}
RoundRobin.__index = RoundRobin

function RoundRobin.new(_, nodes)
  local self = setmetatable({}, RoundRobin)
  self:reinit(nodes)
  return self
end

function RoundRobin.reinit(self, nodes)
  self.turns, self.last = {}, 0
  for id, weight in pairs(nodes) do
    for _ = 1, weight do
      table.insert(self.turns, id)
    end
  end
end

function RoundRobin.find(self)
  self.last = self.last % #self.turns + 1
  return self.turns[self.last]
end

return RoundRobin
