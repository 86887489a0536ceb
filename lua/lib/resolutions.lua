-- resolutions: how finely a queue's history is kept, and for how long.
-- Points of `minutes` each; `slots` of them stand in one text, a chunk; chunks older than `chunks`
-- are dropped: one more than is promised, since the newest is begun. What is open of a name is the
-- field `open` and the name in {q}:history.

local RESOLUTIONS = {
  { minutes = 1, slots = 60, chunks = 25, open = 'm' },
  { minutes = 10, slots = 144, chunks = 8, open = 't' },
  { minutes = 60, slots = 240, chunks = 10, open = 'h' },
}

-- For how long a chunk lasts, in ms.
local function resolutions_chunk(resolution)
  return resolution.slots * resolution.minutes * 60000
end
