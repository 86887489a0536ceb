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
-- ARGV  1 base   2 who looks after the ticks, '' if nobody does by this call
--       3 n; then n times: schedule, its current tick ('' to leave that as it is), the next one ('' if
--       there is none), after how many jobs it ends or '', the overlap ('a' allow, 's' skip, 'l' hold
--       back), the job's id ('' to leave the tick out), its record, due ('' now, '<ms>' since epoch),
--       priority, time to live in ms or '', the unique key or '', its rule as an add has it
-- REPLY a letter for each: '1' added, 'd' its job was there already, '-' left out, 's' left out since
--       the last job isn't over, 'u' since another job stands for it
--       by their unique key; and those that stay as they are:
--       'l' held back until the last job is over, 'f' until the queue has room, '0' not current
-- ERR   LAYOUT
-- USES  clock, layout, numbered, rank, order, events, wake, size, lanes, unique, reprioritize, due,
--       unfinished, dedup, add, ticks, fire
local function fire(keys, args)
  local q = {
    jobs = keys[1], waiting = keys[2], delayed = keys[3], completed = keys[4], failed = keys[5],
    priority = keys[6], uniques = keys[7], schedules = keys[8], ticks = keys[9], fired = keys[10],
    meta = keys[12], events = keys[13], wake = keys[14], base = args[1], n = tonumber(args[3]),
    adds = {}, keys = {},
  }
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'paused', 'max_length',
    'ttl', 'turn', 'largest', 'newest')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  q.layout, q.kept, q.step, q.paused = meta[1], meta[2], rank_step(meta[3]), meta[4]
  q.ttl, q.turn, q.largest, q.newest = meta[6], meta[7], meta[8], meta[9]
  if meta[5] then
    local length = redis.call('ZCARD', q.waiting) + redis.call('ZCARD', q.delayed)
    q.room = math.max(0, meta[5] - length)
  end
  local known, list = fire_known(q, args)
  local letters = {}
  for i = 1, q.n do
    local at = FIRE_STRIDE * (i - 1) + 4
    letters[i] = fire_judge(q, known[args[at]], {
      this = args[at + 1], next = args[at + 2], limit = args[at + 3], overlap = args[at + 4],
      job = args[at + 5], record = args[at + 6], due = args[at + 7], priority = args[at + 8],
      ttl = args[at + 9], key = args[at + 10], rule = args[at + 11], index = i,
    })
  end
  -- The jobs come first: if a key of theirs has a wrong type, the ticks stay.
  if #q.adds > 0 then
    fire_add(q, letters)
  end
  fire_write(q, list)
  local head = ticks_note(q.meta, q.ticks)
  if args[2] ~= '' then ticks_claim(keys[11], args[2], head, clock_now()) end
  return table.concat(letters)
end
