-- events: one entry a batch and kind, not a job.

-- The stream's length if the queue doesn't set one, in entries, not in jobs.
local EVENTS_KEPT = 1000

-- The largest progress that goes along with its event, in bytes.
local EVENTS_PROGRESS = 1024

-- `kept` is the queue's own length; '0' turns events off. `text` is the ids, separated by spaces;
-- behind it come pairs of what goes along.
local function events_say(events, kept, kind, text, ...)
  if kept ~= '0' then
    redis.call('XADD', events, 'MAXLEN', '~', kept or EVENTS_KEPT, '*', kind, text, ...)
  end
end

local function events_add(events, kept, kind, ids, first, last)
  if kept ~= '0' then
    events_say(events, kept, kind, table.concat(ids, ' ', first or 1, last or #ids))
  end
end

-- What a run has reported, along with it if that is small.
local function events_progress(events, kept, id, value)
  if #value > EVENTS_PROGRESS then
    return events_say(events, kept, 'progress', id)
  end
  events_say(events, kept, 'progress', id, 'value', value)
end
