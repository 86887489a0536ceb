-- points: what has happened in a time, packed: a few dozen bytes.
-- A text of numbers, 7 bits a byte, the lowest first; a byte above 127 says that more follow.
-- The first number has a bit for each field that there is; then what each says, in their order:
-- 1 completed, 2 failed, 3 cancelled, 4 retried, 5 waits, 6 runs, 7 added, 8 depth, 9 lag in ms.
-- Waits and runs are histograms: their sum in µs, the first bucket, how many, and the counts.

local POINTS_FIELDS = 9
local POINTS_WAIT, POINTS_RUN = 5, 6
-- From here on the largest counts, and not the sum.
local POINTS_DEPTH = 8
-- As many as `Histogram` has. The count of a bucket stands behind the fields: at its number and one
-- of these.
local POINTS_BUCKETS = 29
local POINTS_COUNTS = { [POINTS_WAIT] = 9, [POINTS_RUN] = 38 }

local function points_numbers(text)
  local bytes, numbers, count, number, factor = { string.byte(text, 1, -1) }, {}, 0, 0, 1
  for i = 1, #bytes do
    local byte = bytes[i]
    if byte < 128 then
      count = count + 1
      numbers[count] = number + byte * factor
      number, factor = 0, 1
    else
      number, factor = number + (byte - 128) * factor, factor * 128
    end
  end
  return numbers
end

-- The fields by their numbers, then the counts of buckets: all in one table, since each more costs
-- as much as ten numbers. What is cut off counts as 0, so that one broken text doesn't stop the
-- reports of all workers.
local function points_read(text)
  local numbers, point, at = points_numbers(text), {}, 2
  local flags = numbers[1] or 0
  for field = 1, POINTS_FIELDS do
    if flags % 2 == 1 then
      point[field] = numbers[at] or 0
      at = at + 1
      local counts = POINTS_COUNTS[field]
      if counts then
        local first = counts + (numbers[at] or 0)
        local many = math.min(numbers[at + 1] or 0, POINTS_BUCKETS)
        for i = 1, many do
          point[first + i] = numbers[at + 1 + i]
        end
        at = at + 2 + many
      end
    end
    flags = math.floor(flags / 2)
  end
  return point
end

-- Adds the second point to the first.
local function points_add(point, more)
  for field, value in pairs(more) do
    local found = point[field]
    if not found then
      point[field] = value
    elseif field == POINTS_DEPTH or field == POINTS_FIELDS then
      point[field] = math.max(found, value)
    else
      point[field] = found + value
    end
  end
  return point
end

-- What workers alone know, and the queue has of all its names: retries, waits and runs.
local function points_add_runs(point, more)
  for field, value in pairs(more) do
    if field > 3 and field <= POINTS_RUN or field > POINTS_FIELDS then
      point[field] = (point[field] or 0) + value
    end
  end
end

-- Where the counts of a histogram begin and end, or the places before them if there are none.
local function points_ends(point, counts)
  local first, last = counts + 1, counts
  for place = counts + 1, counts + POINTS_BUCKETS do
    if point[place] and point[place] > 0 then
      if last == counts then first = place end
      last = place
    end
  end
  return first, last
end

local function points_write(point)
  local flags, numbers = 0, { 0 }
  for field = 1, POINTS_FIELDS do
    local value, counts = point[field], POINTS_COUNTS[field]
    if value then
      flags = flags + 2 ^ (field - 1)
      numbers[#numbers + 1] = value
      if counts then
        local first, last = points_ends(point, counts)
        numbers[#numbers + 1] = first - counts - 1
        numbers[#numbers + 1] = last - first + 1
        for place = first, last do
          numbers[#numbers + 1] = point[place] or 0
        end
      end
    end
  end
  numbers[1] = flags
  local bytes, count = {}, 0
  for i = 1, #numbers do
    local number = numbers[i]
    while number > 127 do
      count = count + 1
      bytes[count] = number % 128 + 128
      number = math.floor(number / 128)
    end
    count = count + 1
    bytes[count] = number
  end
  return string.char(unpack(bytes))
end

-- A packed point as one of several in a text: behind its length, in two bytes.
local function points_item(text)
  return string.char(math.floor(#text / 256), #text % 256) .. text
end

-- The sum of all points of such a text.
local function points_sum(text)
  local sum, at = {}, 1
  while at + 1 < #text do
    local high, low = string.byte(text, at, at + 1)
    local last = at + 1 + high * 256 + low
    points_add(sum, points_read(string.sub(text, at + 2, last)))
    at = last + 1
  end
  return sum
end
