-- wake: a list with at most one token, on which idle workers block.

local function wake_one(wake)
  if redis.call('EXISTS', wake) == 0 then
    redis.call('LPUSH', wake, '1')
  end
end
