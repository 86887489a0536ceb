-- hold: keys that one process holds, and that lapse if it dies.

-- For how many ms another holds the key yet. None is held for longer than `most`, unless the clock was
-- set back since: then it lapses after as much, if its holder doesn't move it on.
local function hold_left(key, most)
  local left = redis.call('PTTL', key)
  if left <= tonumber(most) then
    return left
  end
  redis.call('PEXPIRE', key, most)
  return tonumber(most)
end
