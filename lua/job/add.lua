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
--       9… producer STRING  {q}:producer:<producer>
--       then unique STRING  {q}:unique:<key>, as many as the specials name
-- ARGV  1 1 if any id was chosen by the caller: to look for ids that exist already; and 2 more if any
--         record names a group or keys
--       2 the number of this producer's call   3 for how many ms to remember it
--       4 '1' for a resend
--       5 n; then n pairs id, record
--       then m, the number of specials; then m times: index of the pair (from 1), priority,
--       due ('' now, '+<ms>' from now, '<ms>' since epoch), index of the unique key in KEYS or 0,
--       its rule, the key's own text. A rule is a lifetime in ms, or 0 for the job's; 'u' if the
--       job's end frees the key before; and a mode of lib/dedup.lua, 'd' with a longest wait in ms
--       then, optionally, all ids as one compact text, for the event;
--       then pairs of index and time to live in ms, for jobs that have one, and of index and '#' with
--       the job's tags, a line each
-- REPLY for each job that was not added: its index, and the id of the job that stands for it, or,
--       with an 'r' or an 'e' behind the index, that was replaced, or delayed anew as well; for one
--       that was added to run after another: its index, an 'n', and the other's id; or, if they
--       don't fit and the queue overflows, 0 and one text: the kind of overflow, the room left, the
--       cap, and the dead-letter queue if it has one. A call that was carried out before changes
--       nothing, and has the same answer
-- ERR   LAYOUT, QUEUEFULL (answered as the overflow 'refuse' to a resend), OOM
-- FIRST plain_add
-- USES  clock, layout, numbered, rank, order, events, wake, size, lanes, deadline, tries, unique,
--       key, group_of, keys_of, groups, reprioritize, due, unfinished, tags, dedup, add
local function add(keys, args, meta, problem, last)
  local q = {
    jobs = keys[1], waiting = keys[2], delayed = keys[3], priority = keys[4], uniques = keys[5],
    meta = keys[6], events = keys[7], wake = keys[8], keys = keys,
    -- All keys of the queue have it.
    base = string.sub(keys[6], 1, -5),
  }
  local producer, n = keys[9], tonumber(args[5])
  if problem then
    return add_forget(producer, args, last, problem)
  end
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  -- Looked up before anything could refuse it. All others learn from the note that they make.
  if args[4] == '1' or meta[5] then
    local made = numbered_answer(redis.call('GET', producer), tonumber(args[2]))
    if made then
      return add_answer(made)
    end
  end
  q.layout, q.kept, q.step, q.paused = meta[1], meta[2], rank_step(meta[3]), meta[4]
  q.turn, q.largest, q.newest, q.tagged = meta[9], meta[10], meta[11], meta[12]
  q.grouped, q.pass, q.look = meta[13], meta[14], args[1] % 2 == 1
  local block = 6 + 2 * n
  q.after = block + 1 + 6 * tonumber(args[block])
  q.news, q.ttl, q.fresh = args[q.after], meta[6], n
  local specials, duplicates, twin_list = {}, {}, {}
  q.heads = args[1] + 0 > 1
  if q.heads then q.named = group_of_all(args, 5, n) end
  -- Most batches are plain: no id to look for and no special job.
  if q.look or args[block] ~= '0' then
    specials = add_specials(args, block)
    duplicates, twin_list = add_duplicates(q, keys, args, n, specials)
  end
  local full = meta[5] and q.fresh > 0 and add_full(q, args, meta)
  if full and args[4] ~= '1' then
    return full
  end

  -- The first write. What is full for a resend is so for its first try too, should that come late.
  local answer = full or twin_list
  local text = answer[1] and table.concat(answer, ' ') or ''
  local noted, made, before = pcall(numbered_note, producer, args[2], args[3], text)
  if not noted then
    return args[4] == '1' and numbered_refuse(producer, args[2], args[3], made)
      or numbered_refusal(made)
  elseif made then
    return add_answer(made)
  end
  if (q.fresh > 0 or q.meets) and not full then
    local done, fault = pcall(add_write, q, args, n, specials, duplicates)
    if not done then
      -- A key has another type.
      return add_forget(producer, args, before, fault)
    end
  end
  return answer
end
