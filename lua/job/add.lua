--- add: put a batch of jobs into the queue. All of it or none.
--
-- KEYS  1 jobs      HASH    {q}:jobs
--       2 waiting   ZSET    {q}:waiting
--       3 delayed   ZSET    {q}:delayed
--       4 priority  HASH    {q}:priority
--       5 uniques   HASH    {q}:uniques
--       6 meta      HASH    {q}:meta
--       7 events    STREAM  {q}:events
--       8 wake      LIST    {q}:wake
--       9… unique   STRING  {q}:unique:<key>, as many as the specials name
-- ARGV  1 '1' to look for ids that exist already (a resend, or chosen ids), else '0'
--       2 n; then n pairs id, record
--       then m, the number of specials; then m times: index of the pair (from 1), priority,
--       due ('' now, '+<ms>' from now, '<ms>' since epoch), index of the unique key in KEYS or 0,
--       its lifetime in ms or 0, the key's own text
--       then, optionally, all ids as one compact text, for the event;
--       then pairs of index and time to live in ms, for jobs that have one
-- REPLY for each job that was not added: its index, and the id of the job that exists; or, if they
--       don't fit and the queue overflows, one text: 0, the kind of overflow, the room left, the
--       cap, and the dead-letter queue if it has one
-- ERR   LAYOUT, QUEUEFULL
-- USES  clock, layout, rank, events, wake, add
local function add(keys, args)
  local q = {
    jobs = keys[1], waiting = keys[2], delayed = keys[3], priority = keys[4], uniques = keys[5],
    meta = keys[6], events = keys[7],
  }
  local wake, n = keys[8], tonumber(args[2])
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'paused', 'max_length',
    'ttl', 'overflow', 'dead_letter', 'turn')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  q.kept, q.step = meta[2], rank_step(meta[3])
  local block = 3 + 2 * n
  local after = block + 1 + 6 * tonumber(args[block])
  q.news, q.ttl = args[after], meta[6]
  local specials, duplicates, twin_list = {}, {}, {}
  -- Most batches are plain: no id to look for and no special job.
  if args[1] == '1' or args[block] ~= '0' then
    specials = add_specials(args, block)
    duplicates, twin_list = add_duplicates(q, keys, args, n, specials)
  end
  local fresh = n - #twin_list / 2
  if fresh == 0 then
    return twin_list
  end
  if meta[5] then
    local length = redis.call('ZCARD', q.waiting) + redis.call('ZCARD', q.delayed)
    if length + fresh > tonumber(meta[5]) then
      if meta[7] then
        local room = math.max(0, meta[5] - length)
        return { 0, meta[7] .. ' ' .. room .. ' ' .. meta[5] .. ' ' .. (meta[8] or '') }
      end
      return redis.error_reply('QUEUEFULL ' .. meta[5] .. ' ' .. length)
    end
  end

  local now = clock_now()
  layout_mark(q.meta, meta[1])
  local look = add_place(q, args, n, specials, duplicates, now)
  -- In a pause nobody needs to look, nor if a worker does when the next job may start.
  if meta[4] or (meta[9] and wake_watched(meta[9], now)) then look = false end
  add_claim(q, keys, args, specials, duplicates)
  if q.ttl or args[after + 1] then
    look = add_expire(q, args, after + 1, specials, duplicates, now) or look
  end
  redis.call('HINCRBY', q.meta, 'added', fresh)
  if look then
    wake_one(wake)
  end
  return twin_list
end
