--- replay: send the next kept messages to a binding that starts in the past.
--
-- KEYS  1 meta      HASH    {q}:meta
--       2 messages  STREAM  {q}:messages
--       3 replays   HASH    {q}:replays
--       4 outbox    STREAM  {q}:outbox
-- ARGV  1 the binding   2 the position of its replay, as the caller read it
--       3 its position after this; '' at the end   4 the target
--       5… entries of `messages` for the binding; trimmed ones are left out
-- REPLY 1, or 0 if another caller was faster
-- ERR   LAYOUT
-- USES  layout, outbox
local function replay(keys, args)
  local messages, replays = keys[2], keys[3]
  local binding, before, after, target = args[1], args[2], args[3], args[4]
  local refusal = layout_check(keys[1])
  if refusal then
    return refusal
  end
  if redis.call('HGET', replays, binding) ~= before then
    return 0
  end
  if after == '' then
    redis.call('HDEL', replays, binding)
  else
    redis.call('HSET', replays, binding, after)
  end
  local base = string.sub(keys[1], 1, -5)
  for i = 5, #args do
    local entry = redis.call('XRANGE', messages, args[i], args[i])[1]
    if entry then outbox_put(base, target, entry[2][2], entry[2][4], entry[2][6]) end
  end
  return 1
end
