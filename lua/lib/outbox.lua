-- outbox: effects on other queues, written in the same step as what they follow from.

-- The rest: pairs of a field and its value, if the effect takes anything along.
local function outbox_put(base, to, id, priority, record, ...)
  redis.call('XADD', base .. 'outbox', '*', 'to', to, 'id', id, 'priority', priority, 'record',
    record, ...)
end

-- How many jobs one entry carries at most, and about how many bytes.
local OUTBOX_TOGETHER, OUTBOX_BYTES = 100, 65536

-- Jobs, or outcomes of jobs, for one target, which are pairs of an id and a record, in few entries. The
-- field `more` of an entry has all but the first as one text: of each the lengths of both, and both.
local function outbox_many(base, to, priority, pairs)
  -- Lua takes long to write a number, and most lengths are alike.
  local at, lengths = 1, {}
  local function length(text)
    local n = #text
    local written = lengths[n]
    if not written then
      written = n .. ' '
      lengths[n] = written
    end
    return written
  end
  while at < #pairs do
    local id, record, more = pairs[at], pairs[at + 1], {}
    local last, bytes = math.min(at + 2 * OUTBOX_TOGETHER, #pairs) - 1, #record
    at = at + 2
    while at <= last and bytes + #pairs[at + 1] <= OUTBOX_BYTES do
      local n = #more
      more[n + 1], more[n + 2] = length(pairs[at]), length(pairs[at + 1])
      more[n + 3], more[n + 4] = pairs[at], pairs[at + 1]
      at, bytes = at + 2, bytes + #pairs[at + 1]
    end
    if #more > 0 then
      outbox_put(base, to, id, priority, record, 'more', table.concat(more))
    else
      outbox_put(base, to, id, priority, record)
    end
  end
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
-- and what goes along. Of the jobs in `sifted`, if any, nothing follows. What the home of flows is to
-- hear of many nodes goes together.
local function outbox_add(base, args, at, sifted)
  local homes, ends = {}, {}
  for i = at + 1, at + 5 * tonumber(args[at] or 0), 5 do
    local to, along = args[i], args[i + 4]
    local job = along ~= '' and string.match(along, '^%d:(.*)$') or args[i + 1]
    local stays = sifted and sifted[job]
    if not stays and along == '' and string.sub(to, 1, 2) == '@@' then
      if not ends[to] then
        ends[to], homes[#homes + 1] = {}, to
      end
      local pairs = ends[to]
      pairs[#pairs + 1], pairs[#pairs + 2] = args[i + 1], args[i + 3]
    elseif not stays then
      outbox_put(base, to, args[i + 1], args[i + 2], args[i + 3], outbox_along(base, along))
    end
  end
  for _, to in ipairs(homes) do
    outbox_many(base, to, 0, ends[to])
  end
end
