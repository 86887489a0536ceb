-- tags: words by which jobs are found without looking at all of them. The HASH {q}:tags is id → its
-- tags, a line each; the ZSET {q}:tag:<tag> has the ids of all jobs with that tag, all with score 0.
-- Jobs leave both with their records: see lib/columns.lua. meta.tagged is there once any job has had
-- tags, so that others need not look.

local function tags_put(q, id, text)
  redis.call('HSET', q.base .. 'tags', id, text)
  for tag in string.gmatch(text, '[^\n]+') do
    redis.call('ZADD', q.base .. 'tag:' .. tag, 0, id)
  end
  redis.call('HSET', q.meta, 'tagged', '1')
  q.tagged = '1'
end

-- Jobs have their tags no more.
local function tags_leave(base, ids, first, last)
  local of = {}
  for i, text in ipairs(redis.call('HMGET', base .. 'tags', unpack(ids, first, last))) do
    for tag in string.gmatch(text or '', '[^\n]+') do
      of[tag] = of[tag] or {}
      table.insert(of[tag], ids[first + i - 1])
    end
  end
  for tag, list in pairs(of) do
    redis.call('ZREM', base .. 'tag:' .. tag, unpack(list))
  end
  redis.call('HDEL', base .. 'tags', unpack(ids, first, last))
end
