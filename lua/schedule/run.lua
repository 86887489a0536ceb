--- run: add a job of a schedule out of turn. Its ticks stay as they are.
--
-- KEYS  1  jobs      HASH    {q}:jobs
--       2  waiting   ZSET    {q}:waiting
--       3  delayed   ZSET    {q}:delayed
--       4  completed ZSET    {q}:completed
--       5  failed    ZSET    {q}:failed
--       6  priority  HASH    {q}:priority
--       7  uniques   HASH    {q}:uniques
--       8  schedules HASH    {q}:schedules
--       9  ticks     ZSET    {q}:ticks
--       10 fired     HASH    {q}:fired
--       11 meta      HASH    {q}:meta
--       12 events    STREAM  {q}:events
--       13 wake      LIST    {q}:wake
-- ARGV  1 base   2 ''   3 '1'   4… one tick, as lua/schedule/fire.lua has it, with '' for its current one
-- REPLY a letter, as that has it; '0' if there is no such schedule. If another job has the unique key,
--       what became of it as lib/dedup.lua says it, a blank, and that job's id
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, numbered, rank, order, events, wake, size, lanes, deadline, tries, unique,
--       pools, tags, children, columns, key, retention, outbox, callers, cancels, whereabouts,
--       group_of, keys_of, groups, reprioritize, due, unfinished, dedup, add, ticks, displace,
--       fire, call
local function run(keys, args)
  local q = {
    jobs = keys[1], waiting = keys[2], delayed = keys[3], completed = keys[4], failed = keys[5],
    priority = keys[6], uniques = keys[7], schedules = keys[8], ticks = keys[9], fired = keys[10],
    meta = keys[11], events = keys[12], wake = keys[13], base = args[1],
    workers = args[1] .. 'workers',
  }
  local meta = fire_meta(q)
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local letter = fire_ticks(q, args, meta)
  local meet = q.adds[1] and q.adds[1].meet
  return meet and meet.how .. ' ' .. meet.id or letter
end
