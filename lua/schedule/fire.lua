--- fire: add the jobs of ticks, and move their schedules to the next. A tick that isn't a schedule's
--- current one any more does nothing, so each is fired once.
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
--       11 ticking   STRING  {q}:ticking
--       12 meta      HASH    {q}:meta
--       13 events    STREAM  {q}:events
--       14 wake      LIST    {q}:wake
-- ARGV  1 base   2 who looks after the ticks
--       3 n; then n times: schedule, its current tick, the next one ('' if there is none), after how
--       many jobs it ends or '', the overlap ('a' allow, 's' skip, 'l' hold back, 'c' and a mark of
--       lib/cancels.lua: cancel the last job), the job's id ('' to leave the tick out), its record,
--       due ('' now, '<ms>' since epoch), priority, time to live in ms or '', the unique key or '',
--       its rule as an add has it, its tags, a line each
-- REPLY a letter for each: '1' added, 'd' its job was there already, '-' left out, 's' left out since
--       the last job isn't over, 'u' since another job stands for it
--       by their unique key; and those that stay as they are:
--       'l' held back until the last job is over, 'f' until the queue has room, '0' not current
-- ERR   LAYOUT
-- USES  clock, layout, numbered, rank, order, events, wake, size, lanes, deadline, tries, unique,
--       pools, tags, children, columns, key, retention, outbox, callers, cancels, whereabouts,
--       group_of, keys_of, groups, reprioritize, due, unfinished, dedup, add, ticks, displace,
--       fire
local function fire(keys, args)
  local q = {
    jobs = keys[1], waiting = keys[2], delayed = keys[3], completed = keys[4], failed = keys[5],
    priority = keys[6], uniques = keys[7], schedules = keys[8], ticks = keys[9], fired = keys[10],
    meta = keys[12], events = keys[13], wake = keys[14], base = args[1],
    workers = args[1] .. 'workers',
  }
  local meta = fire_meta(q)
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local letters, head = fire_ticks(q, args, meta)
  ticks_claim(keys[11], args[2], head, clock_now())
  return letters
end
