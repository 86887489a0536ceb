--- history: read a queue's history at one resolution.
--
-- It reads one chunk for each hour, day or ten days: 26 at most, and half a mebibyte.
--
-- KEYS  1 meta            HASH  {q}:meta
--       2 history         HASH  {q}:history
--       3 historyMinutes  HASH  {q}:history:1m
--       4 historyTens     HASH  {q}:history:10m
--       5 historyHours    HASH  {q}:history:1h
--       6 deploys         LIST  {q}:deploys
-- ARGV  1 resolution: 1 for minutes, 2 for ten minutes, 3 for hours  2 name, or '' for the queue
--       3 from ms  4 to ms; or how long ago with a minus, 0 for now
-- REPLY now ms; what is open, field by field; the chunks that there are, each its number and text;
--       the releases that came, each as worker/identify notes it
-- ERR   LAYOUT
-- USES  clock, layout, resolutions
local function history(keys, args)
  local refusal = layout_check(keys[1])
  if refusal then
    return refusal
  end
  local at, now = tonumber(args[1]), clock_now()
  local resolution, key = RESOLUTIONS[at], keys[2 + at]
  local length, wanted = resolutions_chunk(resolution), {}
  for i = 3, 4 do
    local ms = tonumber(args[i])
    wanted[i - 2] = math.floor((ms > 0 and ms or now + ms) / length)
  end
  local newest = math.floor(now / length)
  local first = math.max(wanted[1], newest - resolution.chunks)
  local last = math.min(wanted[2], newest)
  local numbers, fields, chunks = {}, {}, {}
  for chunk = first, last do
    numbers[#numbers + 1], fields[#fields + 1] = chunk, chunk .. ' ' .. args[2]
  end
  local texts = #fields > 0 and redis.call('HMGET', key, unpack(fields)) or {}
  for i, text in ipairs(texts) do
    if text then
      chunks[#chunks + 1] = { numbers[i], text }
    end
  end
  return { now, redis.call('HGETALL', keys[2]), chunks, redis.call('LRANGE', keys[6], 0, -1) }
end
