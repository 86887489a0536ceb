-- running: a worker's active jobs, id → "<rank>:<started ms>". The rank is where a job goes back
-- to: any number that Redis prints, whole or not, of either sign.

local function running_rank(value)
  return string.match(value, '^[^:]*')
end

-- Jobs that go back, from their pairs in `running`: their ids, and ranks and ids for `waiting`.
local function running_members(held)
  local ids, members = {}, {}
  for i = 1, #held, 2 do
    ids[#ids + 1] = held[i]
    members[i], members[i + 1] = running_rank(held[i + 1]), held[i]
  end
  return ids, members
end

-- Jobs that go back without a run may have been handed out as expired, with the score -1. With 0
-- they are so for the next who looks for such, even if nothing may be fetched.
local function running_expired(expiring, ids)
  if redis.call('EXISTS', expiring) == 0 then
    return
  end
  local marks = {}
  for i, score in ipairs(redis.call('ZMSCORE', expiring, unpack(ids))) do
    if score and tonumber(score) == -1 then
      marks[#marks + 1], marks[#marks + 2] = 0, ids[i]
    end
  end
  if #marks > 0 then redis.call('ZADD', expiring, unpack(marks)) end
end
