-- Stand-in for lua-resty-lock: one attempt on a shared dictionary, released by hand or after five seconds.
local Lock = {}
Lock.__index = Lock

function Lock.new(_, dictionary)
  return setmetatable({ dictionary = ngx.shared[dictionary] }, Lock)
end

function Lock.lock(self, key)
  local added, reason = self.dictionary:add(key, true, 5)
  if not added then
    return nil, reason
  end
  self.key = key
  return 0
end

function Lock.unlock(self)
  if self.key then
    self.dictionary:delete(self.key)
    self.key = nil
  end
  return 1
end

return Lock
