--- page: a page of the ids of the jobs in one state.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
-- ARGV  1 base; 2 state; 3 offset; 4 how many, up to 1,000; 5 '1' for newest (last) first
-- REPLY ids
-- ERR   none
-- USES  key, delayed
local function page(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], base = args[1],
  }
  local state, reverse = args[2], args[5] == '1'
  local offset, count = tonumber(args[3]), tonumber(args[4])
  if state == 'delayed' and redis.call('EXISTS', q.base .. 'waiting-children') == 1 then
    return delayed_page(q, offset, count, reverse)
  elseif state ~= 'active' then
    local command = reverse and 'ZREVRANGE' or 'ZRANGE'
    return redis.call(command, key_of(q, state), offset, offset + count - 1)
  end
  local all, ids = {}, {}
  for _, worker in ipairs(redis.call('ZRANGE', q.workers, 0, -1)) do
    for _, id in ipairs(redis.call('HKEYS', q.base .. 'running:' .. worker)) do
      all[#all + 1] = id
    end
  end
  -- Ids sort by time. A function that compares would take several times as long.
  table.sort(all)
  for i = offset + 1, math.min(#all, offset + count) do
    ids[#ids + 1] = all[reverse and #all + 1 - i or i]
  end
  return ids
end
