--- steps: what the runs of a job have recorded, a portion. Signals that are not taken are left out.
--
-- KEYS  1  meta       HASH    {q}:meta
-- ARGV  1 base; 2 id; 3 behind which field, '' for the first
-- REPLY now ms; fields, and their values: as many as go into one answer, and one at least; 1 if
--       there are more, else 0
-- ERR   none
-- USES  clock, read
local function steps(_, args)
  local key, behind = args[1] .. 'steps:' .. args[2], args[3]
  local fields, taken, values, bytes = redis.call('HKEYS', key), {}, {}, 0
  table.sort(fields)
  for _, field in ipairs(fields) do
    if field > behind and not string.find(field, '^[qQ?#]') then
      local value = redis.call('HGET', key, field)
      bytes = bytes + #field + #value
      if #taken > 0 and bytes > READ_BYTES then return { clock_now(), taken, values, 1 } end
      taken[#taken + 1], values[#values + 1] = field, value
    end
  end
  return { clock_now(), taken, values, 0 }
end
