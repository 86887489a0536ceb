--- list: the workers of a queue, who they are, and what they hold.
--
-- KEYS  1 workers     ZSET  {q}:workers
--       2 identities  HASH  {q}:identities
--       3 meta        HASH  {q}:meta
-- ARGV  1 base   2 the worker behind which to go on, '' for the first   3 how many at most
--       4 of how many jobs of each to name the ids
-- REPLY now ms; then for each worker, in the order of their names: its name, the end of its lease in
--       ms, who it is or false, how many jobs it holds, ids as one text, separated by spaces
-- ERR   LAYOUT
-- USES  clock, layout
local function list(keys, args)
  local workers, identities, base = keys[1], keys[2], args[1]
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  local leases, ends, names = redis.call('ZRANGE', workers, 0, -1, 'WITHSCORES'), {}, {}
  for i = 1, #leases, 2 do
    ends[leases[i]] = math.floor(leases[i + 1])
    if leases[i] > args[2] then names[#names + 1] = leases[i] end
  end
  table.sort(names)
  local now = clock_now()
  local reply = { now }
  for i = 1, math.min(#names, tonumber(args[3])) do
    local running = base .. 'running:' .. names[i]
    local ids = redis.call('HRANDFIELD', running, tonumber(args[4]))
    reply[#reply + 1] = {
      names[i], string.format('%.0f', ends[names[i]]), redis.call('HGET', identities, names[i]),
      redis.call('HLEN', running), table.concat(ids, ' '),
    }
  end
  return reply
end
