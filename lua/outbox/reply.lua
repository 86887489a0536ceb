--- reply: put replies into the stream at a caller's reply address.
--
-- A reply may come twice: the caller knows replies by their job. Replies that are never read expire
-- with the stream, after the last one. The first write can't grow, so that replies leave a full
-- Redis.
--
-- KEYS  1 replies  STREAM  {q}:replies
-- ARGV  1 ms until the stream expires   2 how many other replies to keep; then for each reply: its
--       job id and the outcome
-- REPLY the number of replies in the stream
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
