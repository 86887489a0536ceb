--- scan_active: the next jobs that are active, worker by worker.
--
-- KEYS  1 workers  ZSET  {q}:workers
-- ARGV  1 base   2 a worker, '' for none   3 the cursor in its jobs, or '0' for the next worker's
--       4 about how many
-- REPLY ids, of which some may have come before; the worker and the cursor with which to go on, ''
--       if that was the last
-- ERR   none
-- USES  none
local function scan_active(keys, args)
  local base, worker, cursor, most = args[1], args[2], args[3], tonumber(args[4])
  local names, ids = redis.call('ZRANGE', keys[1], 0, -1), {}
  -- Leases order them, and these change.
  table.sort(names)
  local at = 1
  while names[at] and (names[at] < worker or (cursor == '0' and names[at] == worker)) do
    at = at + 1
  end
  if names[at] ~= worker then cursor = '0' end
  while names[at] and #ids < most do
    worker = names[at]
    local found = redis.call('HSCAN', base .. 'running:' .. worker, cursor, 'COUNT', most)
    cursor = found[1]
    for i = 1, #found[2], 2 do
      ids[#ids + 1] = found[2][i]
    end
    if cursor == '0' then at = at + 1 end
  end
  if not names[at] then
    return { ids, '', '' }
  end
  return { ids, worker, cursor }
end
