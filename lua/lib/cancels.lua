-- cancels: jobs that end as cancelled. One that runs is only marked, in the HASH {q}:cancels: id →
-- how many cancelled jobs are kept, for how many ms, the run's time to end in ms (-1: as its worker
-- says), and the outcome. However such a run ends, but for a result, its job is cancelled then.
-- meta.cancelling is there while any job is marked, so that others need not look.

local CANCELS_COLUMNS = {
  'jobs', 'priority', 'attempts', 'stalls', 'misses', 'progress', 'listed', 'uniques', 'outcomes',
  'cancelled',
}

-- Jobs that have left `running` are marked no more.
local function cancels_forget(q, ids, first, last)
  if not q.cancelling then
    return
  end
  redis.call('HDEL', q.base .. 'cancels', unpack(ids, first, last))
  if redis.call('EXISTS', q.base .. 'cancels') == 0 then
    redis.call('HDEL', q.meta, 'cancelling')
    q.cancelling = false
  end
end

-- Of `n` jobs in a list, each of `width` values from `first` on and the first of them its id, takes
-- those that are marked out: they wait for cancels_end. Answers the list of the others, where it
-- begins, and how many they are.
local function cancels_sift(q, list, first, n, width)
  if not q.cancelling or n == 0 then
    return list, first, n
  end
  local ids, others = {}, {}
  for i = 1, n do
    ids[i] = list[first + width * (i - 1)]
  end
  q.sifted = q.sifted or {}
  for i, mark in ipairs(redis.call('HMGET', q.base .. 'cancels', unpack(ids))) do
    if mark then
      q.sifted[#q.sifted + 1], q.sifted[ids[i]] = ids[i], mark
    else
      for at = first + width * (i - 1), first + width * i - 1 do
        others[#others + 1] = list[at]
      end
    end
  end
  return others, 1, #others / width
end

-- Jobs that leave the state that they are in end as cancelled, all with one mark. Whoever waits for
-- a reply gets the outcome. What is not in `q` yet is named here.
local function cancels_finish(q, ids, mark, now)
  local count, age, outcome = string.match(mark, '^(%S+) (%S+) %S+ (.*)$')
  for _, column in ipairs(CANCELS_COLUMNS) do
    q[column] = key_of(q, column)
  end
  q.plain, q.bare, q.owners = false, false, q.owners or {}
  callers_tell(q, ids, 'cancelled', 'outcome', outcome)
  if count == '0' then
    columns_purge(q, ids)
  else
    local members, outcomes, ended = {}, {}, string.format('%.0f', retention_time(q, now))
    for i, id in ipairs(ids) do
      members[2 * i - 1], members[2 * i] = ended, id
      outcomes[2 * i - 1], outcomes[2 * i] = id, outcome
    end
    redis.call('HSET', q.outcomes, unpack(outcomes))
    redis.call('ZADD', q.cancelled, unpack(members))
    lanes_leave(q.base, ids)
    if lanes_free(q.base, ids) then wake_one(q.base .. 'wake') end
    unique_free(q.uniques, q.base, ids)
    children_end(q.base, ids, 1, #ids)
    local trim = { state = 'cancelled', pool = '', count = tonumber(count), age = tonumber(age) }
    retention_trim(q, trim, now)
  end
  redis.call('ZREM', q.base .. 'expiring', unpack(ids))
  redis.call('HINCRBY', q.meta, 'cancelled', #ids)
  events_add(q.events, q.kept, 'cancelled', ids)
end

-- The jobs that were taken out end as cancelled, and leave `running`.
local function cancels_end(q, running, now)
  local sifted, alike, marks = q.sifted, {}, {}
  q.sifted = nil
  for _, id in ipairs(sifted or {}) do
    local mark = sifted[id]
    if not alike[mark] then
      alike[mark], marks[#marks + 1] = {}, mark
    end
    table.insert(alike[mark], id)
  end
  for _, mark in ipairs(marks) do
    cancels_finish(q, alike[mark], mark, now)
    redis.call('HDEL', running, unpack(alike[mark]))
    cancels_forget(q, alike[mark])
  end
end
