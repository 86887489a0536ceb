-- outbox: effects on other queues, written in the same step as what they follow from.

-- The rest: pairs of a field and its value, if the effect takes anything along.
local function outbox_put(base, to, id, priority, record, ...)
  redis.call('XADD', base .. 'outbox', '*', 'to', to, 'id', id, 'priority', priority, 'record',
    record, ...)
end

-- What a job's runs have recorded, as one text: its fields, and its values, each behind its length;
-- nil if there is nothing. What compensations have undone counts no more.
local function outbox_steps(base, id)
  local found, parts = redis.call('HGETALL', base .. 'steps:' .. id), {}
  for i = 1, #found, 2 do
    if found[i] == 'x' then return nil end
    parts[#parts + 1] = #found[i] .. ' ' .. #found[i + 1] .. ' '
    parts[#parts + 1], parts[#parts + 2] = found[i], found[i + 1]
  end
  if #parts > 0 then return table.concat(parts) end
end

-- What an effect takes along. '': nothing; '=' and how a job that comes back takes its place; '+',
-- the length of that, ':', that, and what its runs have recorded; or, for a dead letter, which error
-- of its job is the first to tell, and 2 more if the job may have recorded anything, ':' and its id.
local function outbox_along(base, along)
  if along == '' then
    return
  elseif string.sub(along, 1, 1) == '=' then
    return 'arrival', string.sub(along, 2)
  elseif string.sub(along, 1, 1) == '+' then
    local length, rest = string.match(along, '^%+(%d+):(.*)$')
    return 'arrival', string.sub(rest, 1, length), 'steps', string.sub(rest, length + 1)
  end
  local first, id = string.match(along, '^(%d):(.*)$')
  local fields, steps = {}, first + 0 > 1 and outbox_steps(base, id)
  if steps then fields = { 'steps', steps } end
  for _, error in ipairs(redis.call('LRANGE', base .. 'errors:' .. id, first % 2, -1)) do
    fields[#fields + 1], fields[#fields + 2] = 'error', error
  end
  local priority = redis.call('HGET', base .. 'priority', id)
  if priority then
    fields[#fields + 1], fields[#fields + 2] = 'job_priority', priority
  end
  return unpack(fields)
end

-- Writes the block of ARGV at `at`, if there is one: n, then n times target, id, priority, record
-- and what goes along. Of the jobs in `sifted`, if any, nothing follows.
local function outbox_add(base, args, at, sifted)
  for i = at + 1, at + 5 * tonumber(args[at] or 0), 5 do
    local job = string.match(args[i + 4], '^%d:(.*)$') or args[i + 1]
    if not (sifted and sifted[job]) then
      outbox_put(base, args[i], args[i + 1], args[i + 2], args[i + 3],
        outbox_along(base, args[i + 4]))
    end
  end
end
