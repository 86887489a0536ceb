--- reply: put replies into a caller's inbox.
--
-- Twice is no harm: the caller knows replies by their job. What it never reads goes with the inbox, some
-- time after the last reply. The first write can't grow, so that a full Redis lets replies out of outboxes.
--
-- KEYS  1 replies  STREAM  {q}:replies
-- ARGV  1 ms after which the inbox goes   2 how many replies are kept beside these; then for each reply:
--       its job id, how the job ended
-- REPLY how many the inbox holds now
-- ERR   none
-- USES  none
local function reply(keys, args)
  local replies, lifetime, kept = keys[1], args[1], args[2]
  redis.call('XTRIM', replies, 'MAXLEN', kept)
  for i = 3, #args, 2 do
    redis.call('XADD', replies, '*', 'id', args[i], 'outcome', args[i + 1])
  end
  redis.call('PEXPIRE', replies, lifetime)
  return redis.call('XLEN', replies)
end
