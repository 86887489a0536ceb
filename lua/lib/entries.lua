-- entries: reading a stream of entries of any size.

local ENTRIES_AT_ONCE, ENTRIES_BYTES = 16, 1048576

-- Whether an entry is for none but targets to leave out.
local function entries_skipped(skip, targets)
  for line in string.gmatch(targets, '[^\n]+') do
    if not skip[string.match(line, '^%S+')] then return false end
  end
  return targets ~= ''
end

-- Entries of a stream from `from` on: of `most` that are looked at, those that are for others than
-- the targets in `skip`, as many as go into one answer, and at least one. They are read a few at a
-- time, as their size suggests: what is read must fit the answer, and not what stands there. Each is
-- { id, targets, job id, priority, record }, and then the fields and values that go along. Answers
-- also the id of the last that was looked at, '' if there is none.
local function entries_read(stream, from, most, skip)
  local taken, last, looked, bytes, count = {}, '', 0, 0, 1
  while looked < most do
    local found = redis.call('XRANGE', stream, from, '+', 'COUNT', math.min(count, most - looked))
    local size = 0
    for _, entry in ipairs(found) do
      local fields = entry[2]
      size = #fields[2] + #fields[8]
      for i = 10, #fields, 2 do
        size = size + #fields[i]
      end
      bytes = bytes + size
      if looked > 0 and bytes > ENTRIES_BYTES then return taken, last end
      looked, last = looked + 1, entry[1]
      if not entries_skipped(skip, fields[2]) then
        taken[#taken + 1] = {
          entry[1], fields[2], fields[4], fields[6], fields[8], unpack(fields, 9),
        }
      end
    end
    local room = math.floor((ENTRIES_BYTES - bytes) / math.max(size, 1))
    if #found < count or room < 1 then return taken, last end
    from, count = '(' .. last, math.min(room, ENTRIES_AT_ONCE)
  end
  return taken, last
end
