--- read: a flow, and some of its groups.
--
-- KEYS  1 flows  HASH   {q}:flows
-- ARGV  1 base   2 the flow's key, or '' for the one with the id   3 the id   4 the first group
--       5 how many at most
-- REPLY the key, '' if there is no such flow; its fields, as home_fields answers them; then of each
--       group its text, left, waits, sent, over, name, done and bad, each '' if it has none
-- ERR   none
-- USES  ticks, home
local function read(keys, args)
  local base, key = args[1], args[2]
  if key == '' then key = redis.call('HGET', keys[1], args[3]) or '' end
  local name, found = home_flow(base, key), {}
  local fields = home_fields(name)
  if not fields then
    return { '', {}, {} }
  end
  local first, groups = tonumber(args[4]), {}
  for i = first, math.min(first + tonumber(args[5]), tonumber(fields[4])) - 1 do
    groups[#groups + 1] = i
  end
  if #groups == 0 then
    return { key, fields, {} }
  end
  local parts = { ':groups', ':left', ':waits', ':sent', ':over', ':names', ':done', ':bad' }
  for _, part in ipairs(parts) do
    for i, value in ipairs(redis.call('HMGET', name .. part, unpack(groups))) do
      found[i] = found[i] or {}
      table.insert(found[i], value or '')
    end
  end
  return { key, fields, found }
end
