--- observe: add a worker's observations of its runs to the queue's histograms.
--
-- If the queue was obliterated meanwhile, nothing is kept.
--
-- KEYS  1 histograms  HASH  {q}:histograms
--       2 meta        HASH  {q}:meta
-- ARGV  pairs of field and increment
-- REPLY 1 if it was added, else 0
-- ERR   LAYOUT
-- USES  layout
local function observe(keys, args)
  local histograms, meta = keys[1], keys[2]
  local found = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(found)
  if refusal then
    return refusal
  end
  if not found then
    return 0
  end
  for i = 1, #args, 2 do
    redis.call('HINCRBY', histograms, args[i], args[i + 1])
  end
  return 1
end
