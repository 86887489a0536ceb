--- log: add lines to a job's log.
--
-- KEYS  1  running    HASH    {q}:running:<worker>
--       2  listed     SET     {q}:listed
--       3  meta       HASH    {q}:meta
-- ARGV  1 base; 2 id; 3 how many of the newest lines to keep; 4… lines
-- REPLY the number of lines in the log
-- ERR   LAYOUT, LEASELOST
-- USES  layout
local function log(keys, args)
  local running, listed, meta = keys[1], keys[2], keys[3]
  local base, id, newest = args[1], args[2], tonumber(args[3])
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  if redis.call('HEXISTS', running, id) == 0 then
    return redis.error_reply('LEASELOST the worker no longer holds this job')
  end
  local list = base .. 'logs:' .. id
  redis.call('SADD', listed, id)
  redis.call('RPUSH', list, unpack(args, 4))
  redis.call('LTRIM', list, -newest, -1)
  return redis.call('LLEN', list)
end
