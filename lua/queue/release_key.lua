--- release_key: let go of a unique key, whatever has it.
--
-- The job that has it goes on without it. One that runs after it need not wait any more.
--
-- KEYS  1 uniques  HASH  {q}:uniques
--       2 meta     HASH  {q}:meta
-- ARGV  1 base   2 the key, with the name of its jobs
-- REPLY 1 if a job had it, else 0
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, wake, clock, deadline, tries, unique, numbered, call
local function release_key(keys, args)
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  local base, name = args[1], args[1] .. 'unique:' .. args[2]
  local value = redis.call('GET', name)
  if not value then
    return 0
  end
  redis.call('HDEL', keys[1], unique_holder(value))
  unique_pass_on(base, name, value)
  return 1
end
