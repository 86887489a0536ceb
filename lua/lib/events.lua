-- events: one entry a batch and kind, not a job.

-- The bound of the stream if the queue doesn't set one. Entries, not jobs.
local EVENTS_KEPT = 1000

-- `kept` is the queue's own bound; '0' turns events off.
local function events_add(events, kept, kind, ids, first, last)
  if kept == '0' then
    return
  end
  redis.call('XADD', events, 'MAXLEN', '~', kept or EVENTS_KEPT, '*',
    kind, table.concat(ids, ' ', first or 1, last or #ids))
end
