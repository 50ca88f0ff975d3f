-- The generic cell rate algorithm, in one step and on the server's clock.
--
-- Permits have nominal times, one period apart. The key holds the nominal time of the next one, and the server's time
-- when that was written. Times are pairs of seconds and nanoseconds: as one number they would exceed the 53 bits that
-- Lua counts exactly.
--
-- ARGV: pairs: how far ahead of now the first permit may lie; how far ahead it lies at least; what all permits span.
-- Returns: granted or not; now; the nominal time of the first permit.

local function plus(s, ns, more_s, more_ns)
  s, ns = s + more_s, ns + more_ns
  if ns >= 1000000000 then return s + 1, ns - 1000000000 end
  return s, ns
end

local function minus(s, ns, less_s, less_ns)
  s, ns = s - less_s, ns - less_ns
  if ns < 0 then return s - 1, ns + 1000000000 end
  return s, ns
end

local function before(s, ns, other_s, other_ns)
  return s < other_s or (s == other_s and ns < other_ns)
end

local time = redis.call('TIME')
local now_s, now_ns = tonumber(time[1]), tonumber(time[2]) * 1000

local function store(next_s, next_ns)
  -- Once the next nominal time has passed, the state says no more than none.
  local lifetime = (next_s - now_s) * 1000 + math.ceil((next_ns - now_ns) / 1000000) + 1
  redis.call('SET', KEYS[1], string.format('%d %d %d %d', next_s, next_ns, now_s, now_ns),
    'PX', string.format('%.0f', lifetime))
end

local first_s, first_ns = plus(now_s, now_ns, tonumber(ARGV[3]), tonumber(ARGV[4]))
local state = redis.call('GET', KEYS[1]) or ''
local next_s, next_ns, seen_s, seen_ns = string.match(state, '^(%d+) (%d+) (%d+) (%d+)$')
if next_s then
  next_s, next_ns = tonumber(next_s), tonumber(next_ns)
  seen_s, seen_ns = tonumber(seen_s), tonumber(seen_ns)
  -- The clock was set back: what is stored goes back with it, else all would wait until the clock is there again.
  if before(now_s, now_ns, seen_s, seen_ns) then
    next_s, next_ns = minus(next_s, next_ns, minus(seen_s, seen_ns, now_s, now_ns))
    store(next_s, next_ns)
  end
  if before(first_s, first_ns, next_s, next_ns) then
    first_s, first_ns = next_s, next_ns
  end
end

local latest_s, latest_ns = plus(now_s, now_ns, tonumber(ARGV[1]), tonumber(ARGV[2]))
if before(latest_s, latest_ns, first_s, first_ns) then
  return {0, now_s, now_ns, first_s, first_ns}
end

store(plus(first_s, first_ns, tonumber(ARGV[5]), tonumber(ARGV[6])))
return {1, now_s, now_ns, first_s, first_ns}
