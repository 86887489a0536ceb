-- entries: reading a stream of entries of any size.

local ENTRIES_AT_ONCE, ENTRIES_BYTES = 16, 1048576

-- Up to `most` entries of a stream from `from` on, as many as go into one answer, and at least one
-- if there is any. They are read a few at a time, as their size suggests: what is read must fit the
-- answer, and not what stands there. Each is { id, targets, job id, priority, record }, and then the
-- fields and values that go along.
local function entries_read(stream, from, most)
  local taken, bytes, count = {}, 0, 1
  while #taken < most do
    local found = redis.call('XRANGE', stream, from, '+', 'COUNT', math.min(count, most - #taken))
    local size = 0
    for _, entry in ipairs(found) do
      local fields = entry[2]
      size = #fields[2] + #fields[8]
      for i = 10, #fields, 2 do
        size = size + #fields[i]
      end
      bytes = bytes + size
      if #taken > 0 and bytes > ENTRIES_BYTES then return taken end
      taken[#taken + 1] = {
        entry[1], fields[2], fields[4], fields[6], fields[8], unpack(fields, 9),
      }
    end
    local room = math.floor((ENTRIES_BYTES - bytes) / math.max(size, 1))
    if #found < count or room < 1 then return taken end
    from, count = '(' .. taken[#taken][1], math.min(room, ENTRIES_AT_ONCE)
  end
  return taken
end
