--- identify: note who a worker is, for as long as it has its lease, and which version has come.
--
-- A release is a program in one version. Its beginning is noted if the last one of the program that
-- was noted is another: not as long as workers of the same release live, since it is there already,
-- nor for a worker that was here before that last one came and only joins again.
--
-- KEYS  1 workers     ZSET  {q}:workers
--       2 identities  HASH  {q}:identities
--       3 meta        HASH  {q}:meta
--       4 deploys     LIST  {q}:deploys, each `<ms><release>`, the newest last
-- ARGV  1 worker   2 who it is, in MessagePack, opaque here but that it has its release in it
--       3 its release, `\n<program>\n<version>\n`   4 since when it is here, in ms
-- REPLY 1, or 0 if there is no such worker
-- ERR   LAYOUT
-- USES  clock, layout, lease
local DEPLOYS = 100
-- As long as a history.
local DEPLOYS_MS = 2400 * 3600000

local function is_new_release(deploys, identities, worker, release, since)
  local program = string.match(release, '^\n[^\n]*\n')
  local noted = redis.call('LRANGE', deploys, 0, -1)
  for i = #noted, 1, -1 do
    local at, other = string.match(noted[i], '^(%d+)(\n.*)$')
    if string.sub(other or '', 1, #program) == program then
      if other == release or tonumber(at) >= since then return false end
      break
    end
  end
  local others = redis.call('HGETALL', identities)
  for i = 1, #others, 2 do
    if others[i] ~= worker and string.find(others[i + 1], release, 1, true) then return false end
  end
  return true
end

local function identify(keys, args)
  local workers, identities, worker = keys[1], keys[2], args[1]
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  if not lease_held(workers, worker) then
    return 0
  end
  if is_new_release(keys[4], identities, worker, args[3], tonumber(args[4])) then
    redis.call('RPUSH', keys[4], clock_now() .. args[3])
    redis.call('LTRIM', keys[4], -DEPLOYS, -1)
  end
  redis.call('PEXPIRE', keys[4], DEPLOYS_MS)
  redis.call('HSET', identities, worker, args[2])
  return 1
end
