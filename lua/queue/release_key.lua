--- release_key: let go of a unique key, whatever has it.
--
-- The job that has it goes on without it. One that runs after it need not wait any more.
--
-- KEYS  1 uniques  HASH  {q}:uniques
--       2 meta     HASH  {q}:meta
-- ARGV  1 base   2 the key, with the name of its jobs
-- REPLY the id of the job that had it, '' if none had
-- ERR   LAYOUT
-- USES  layout, wake, unique
local function release_key(keys, args)
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  local base, name = args[1], args[1] .. 'unique:' .. args[2]
  local value = redis.call('GET', name)
  if not value then
    return ''
  end
  local id = unique_holder(value)
  redis.call('HDEL', keys[1], id)
  unique_pass_on(base, name, value)
  return id
end
