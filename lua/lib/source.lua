-- source: how far this queue has taken what other queues' outboxes say.

-- Whether an entry of a source comes after the last one that was taken.
local function source_after(entry, last)
  local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
  local last_ms, last_seq = string.match(last, '^(%d+)-(%d+)$')
  ms, seq, last_ms, last_seq = tonumber(ms), tonumber(seq), tonumber(last_ms), tonumber(last_seq)
  return ms > last_ms or (ms == last_ms and seq > last_seq)
end
