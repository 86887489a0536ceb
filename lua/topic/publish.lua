--- publish: write a batch of messages with their targets to the topic's outbox. All of it or none.
--
-- The caller knows the bindings and decides where a message goes. If they have changed, nothing is
-- written and the answer is the new bindings.
--
-- KEYS  1 meta       HASH    {q}:meta
--       2 topic      HASH    {q}:topic
--       3 bindings   HASH    {q}:bindings
--       4 outbox     STREAM  {q}:outbox
--       5 messages   STREAM  {q}:messages
--       6… publisher STRING  {q}:publisher:<publisher>
-- ARGV  1 the version of the bindings that the caller knows
--       2 the number of this publisher's call   3 for how many ms to remember it
--       4 '1' for a resend; then for each message: its targets ('' for none), id, priority, record
-- REPLY the number of entries in the outbox, also if the call was carried out before; or version,
--       alternate queue and bindings, if the caller's version is old
-- ERR   LAYOUT, OOM
-- USES  clock, layout, numbered, outbox, messages
local function publish(keys, args)
  local meta, topic, messages, publisher = keys[1], keys[2], keys[5], keys[6]
  local base = string.sub(keys[1], 1, -5)
  local found = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(found)
  if refusal then
    return refusal
  end
  local made = numbered_answer(redis.call('GET', publisher), tonumber(args[2]))
  if made then
    return numbered_refused(made) or redis.call('XLEN', keys[4])
  end
  local known = redis.call('HMGET', topic, 'version', 'alternate', 'keep', 'keep_ms')
  local version = known[1] or '0'
  if version ~= args[1] then
    return { version, known[2] or '', redis.call('HGETALL', keys[3]) }
  end
  local function write()
    layout_mark(meta, found)
    for i = 5, #args, 4 do
      if args[i] ~= '' then outbox_put(base, args[i], args[i + 1], args[i + 2], args[i + 3]) end
    end
    if known[3] then
      for i = 5, #args, 4 do
        messages_keep(messages, args[i + 1], args[i + 2], args[i + 3])
      end
      messages_trim(messages, known[3], known[4])
    end
    numbered_note(publisher, args[2], args[3], '')
    redis.call('HINCRBY', topic, 'published', (#args - 4) / 4)
  end
  if args[4] ~= '1' then
    write()
  else
    local done, problem = pcall(write)
    if not done then
      return numbered_refuse(publisher, args[2], args[3], problem)
    end
  end
  return redis.call('XLEN', keys[4])
end
