--- configure: change the settings of a topic.
--
-- KEYS  1 meta      HASH    {q}:meta
--       2 topic     HASH    {q}:topic
--       3 messages  STREAM  {q}:messages
-- ARGV  1… a field and its value, '' for none; then the next:
--       keep       how many messages to keep; -1 for no limit, none to keep no message
--       keep_ms    for how many ms; -1 for ever
--       alternate  the queue for messages that match no binding
-- REPLY 1
-- ERR   LAYOUT, INVALID
-- CALL  once: see lib/call.lua
-- USES  clock, layout, topic, messages, number, numbered, call
local function configure(keys, args)
  local meta, topic, messages = keys[1], keys[2], keys[3]
  local found = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(found)
  if refusal then
    return refusal
  end
  for i = 1, #args, 2 do
    refusal = number_refusal(args[i], args[i + 1])
    if refusal then
      return refusal
    end
  end
  local keep = { redis.call('HGET', topic, 'keep'), redis.call('HGET', topic, 'keep_ms') }
  for i = 1, #args, 2 do
    local at = args[i] == 'keep' and 1 or args[i] == 'keep_ms' and 2
    if at then keep[at] = args[i + 1] ~= '' and args[i + 1] end
  end
  -- Trimmed first: what can't be carried out isn't written, and on a full Redis it makes room.
  if keep[1] then
    messages_trim(messages, keep[1], keep[2])
  else
    redis.call('UNLINK', messages)
  end
  layout_mark(meta, found)
  for i = 1, #args, 2 do
    if args[i + 1] == '' then
      redis.call('HDEL', topic, args[i])
    else
      redis.call('HSET', topic, args[i], args[i + 1])
    end
  end
  topic_changed(topic)
  return 1
end
