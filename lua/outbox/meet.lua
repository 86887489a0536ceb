--- meet: which jobs are in the way of jobs that are about to come back to this queue.
--
-- An ended job is in nobody's way: it is replaced.
--
-- KEYS  1 jobs       HASH  {q}:jobs
--       2 completed  ZSET  {q}:completed
--       3 failed     ZSET  {q}:failed
--       4 meta       HASH  {q}:meta
-- ARGV  1 base; then for each job, at most 1,000: its id, its unique key or ''
-- REPLY for each: the id of the job that has its id or its key; '' if none has
-- ERR   LAYOUT
-- USES  layout, wake, clock, deadline, tries, unique, key, unfinished, meet
local function meet(keys, args)
  local q = { jobs = keys[1], completed = keys[2], failed = keys[3], base = args[1] }
  local refusal = layout_check(keys[4])
  if refusal then
    return refusal
  end
  local found = {}
  for i = 2, #args, 2 do
    found[#found + 1] = meet_by_id(q, args[i]) or meet_by_key(q, args[i], args[i + 1]) or ''
  end
  return found
end
