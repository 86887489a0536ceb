--- stats: what a topic has: bindings, messages on their way, messages kept.
--
-- KEYS  1 topic     HASH    {q}:topic
--       2 bindings  HASH    {q}:bindings
--       3 replays   HASH    {q}:replays
--       4 outbox    STREAM  {q}:outbox
--       5 messages  STREAM  {q}:messages
-- ARGV  1 how many entries of the outbox are looked at, at most
-- REPLY alternate queue, '' for none; bindings and filters; bindings and where their replays are;
--       how many messages were published; of the outbox: how many entries, and of the oldest ones id and
--       targets; of the kept messages: how many, and the id of the oldest; the time in ms
-- ERR   none
-- USES  clock
local function stats(keys, args)
  local topic, outbox, messages = keys[1], keys[4], keys[5]
  local known = redis.call('HMGET', topic, 'alternate', 'published')
  -- Page by page, since each entry brings its record along, and 16 MiB of them at most.
  local underway, from, left, bytes = {}, '-', tonumber(args[1]), 0
  while left > 0 and bytes < 16777216 do
    local page = redis.call('XRANGE', outbox, from, '+', 'COUNT', math.min(left, 64))
    for _, entry in ipairs(page) do
      underway[#underway + 1], underway[#underway + 2] = entry[1], entry[2][2]
      bytes, from = bytes + #entry[2][8], '(' .. entry[1]
    end
    left = #page == 64 and left - 64 or 0
  end
  local oldest = redis.call('XRANGE', messages, '-', '+', 'COUNT', 1)[1]
  return {
    known[1] or '', redis.call('HGETALL', keys[2]), redis.call('HGETALL', keys[3]),
    tonumber(known[2] or 0), redis.call('XLEN', outbox), underway, redis.call('XLEN', messages),
    oldest and oldest[1] or '', (clock_now()),
  }
end
