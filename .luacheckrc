-- The Lua that Redis has: 5.1, sandboxed, with libraries of its own.
std = "lua51"
read_globals = { "KEYS", "ARGV", "redis", "cjson", "cmsgpack", "struct", "bit" }
max_line_length = 110
