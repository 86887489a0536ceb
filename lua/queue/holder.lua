--- holder: which job has a unique key.
--
-- KEYS  1 meta  HASH  {q}:meta
-- ARGV  1 base   2 the key, with the name of its jobs
-- REPLY the job's id, '' if none has it; the id of the job that runs after it, '' if none does
-- ERR   LAYOUT
-- USES  layout
local function holder(keys, args)
  local refusal = layout_check(keys[1])
  if refusal then
    return refusal
  end
  local value = redis.call('GET', args[1] .. 'unique:' .. args[2]) or ''
  local id, after = string.match(value, '^(%S*) ?%S* ?%S* ?(%S*)$')
  return { id, after }
end
