--- stats: a snapshot of a topic: its bindings, its outbox, its kept messages.
--
-- KEYS  1 topic     HASH    {q}:topic
--       2 bindings  HASH    {q}:bindings
--       3 replays   HASH    {q}:replays
--       4 outbox    STREAM  {q}:outbox
--       5 messages  STREAM  {q}:messages
-- ARGV  1 how many entries of the outbox to look at, at most
-- REPLY alternate queue, '' for none; bindings and filters; bindings and the positions of their
--       replays; the number of messages published; of the outbox: the number of entries, then id
--       and targets of the oldest ones; of the kept messages: their number and the id of the
--       oldest; the time in ms
-- ERR   none
-- USES  clock
local function stats(keys, args)
  local topic, outbox, messages = keys[1], keys[4], keys[5]
  local known = redis.call('HMGET', topic, 'alternate', 'published')
  -- Read page by page, up to 16 MiB, since each entry carries its record.
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
