-- A whole session with Neovim's own language client (vim.lsp).
--
--   SNIPPET=tandem.lua DEV=api nvim --headless --clean -c 'luafile session.lua'
--
-- SNIPPET is the configuration that `tandem init --editor neovim` prints; it starts
-- the server once the manifest of the current folder is opened.
local dev = vim.env.DEV
local patience = 60000

local function say(...)
  io.stdout:write(vim.json.encode({ ... }):gsub('\\/', '/') .. '\n')
end

-- wait waits until f returns something, and returns it.
local function wait(what, f)
  local found
  if not vim.wait(patience, function() found = f(); return found end, 20) then
    error('no ' .. what)
  end
  return found
end

local client

-- ask sends a request and waits for its answer.
local function ask(method, params)
  local done, failure, answer
  assert(client.request(method, params, function(err, result) done, failure, answer = true, err, result end, 0))
  wait('answer to ' .. method, function() return done end)
  return answer, failure
end

local function session()
  local seq, state, output = 0, '', ''
  vim.lsp.handlers['session/didChange'] = function(_, s)
    if s.seq ~= seq + 1 then say('gap', seq, s.seq) end
    seq = s.seq
    if s.state ~= state then say('state', s.state) end
    state = s.state
  end
  vim.lsp.handlers['session/output'] = function(_, o) output = output .. o.text end

  vim.cmd('luafile ' .. vim.env.SNIPPET)
  vim.cmd('edit okteto.yml')
  client = wait('client', function()
    local all = vim.lsp.buf_get_clients and vim.lsp.buf_get_clients(0) or vim.lsp.get_clients({ bufnr = 0 })
    for _, c in pairs(all) do
      if c.name == 'tandem' and c.server_capabilities then return c end
    end
  end)
  local own = wait('capabilities', function() return client.server_capabilities.experimental end).tandem
  say('protocol', own.protocolVersion == 1 and vim.tbl_contains(own.methods, 'session/start'))

  -- The manifest as a language.
  local text = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  local entry
  for i, line in ipairs(text) do
    if line == '  ' .. dev .. ':' then entry = i end
  end
  vim.api.nvim_buf_set_lines(0, entry, entry, false, { '    forwrad: []' })
  wait('diagnostic', function()
    for _, d in ipairs(vim.diagnostic.get(0)) do
      if d.code == 'unknown-field' and d.lnum == entry then return true end
    end
  end)
  say('diagnostic', 'unknown-field')
  vim.api.nvim_buf_set_lines(0, entry, entry + 1, false, { '    time' })
  vim.api.nvim_win_set_cursor(0, { entry + 1, 8 })
  local offered = ask('textDocument/completion', vim.tbl_extend('force', vim.lsp.util.make_position_params(0, client.offset_encoding),
    { position = { line = entry, character = 8 } }))
  local found = false
  for _, item in ipairs(offered.items or offered) do
    found = found or vim.startswith(item.label, 'timeout')
  end
  say('completion', found)
  vim.api.nvim_buf_set_lines(0, 0, -1, false, text)
  wait('end of errors', function() return #vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR }) == 0 end)
  local document = { uri = vim.uri_from_bufnr(0) }
  local function lens(title)
    for _, l in ipairs(ask('textDocument/codeLens', { textDocument = document })) do
      if l.command and l.command.title == title then return true end
    end
    return false
  end
  say('lens', lens('Run hybrid'))

  local _, failure = ask('session/start', { manifest = document.uri, dev = 'nobody' })
  say('error', failure.code == -32803 and failure.data.hint ~= '', failure.data.kind)
  local ready, problem = ask('session/start', { manifest = document.uri, dev = dev, options = { run = true } })
  if problem then error(problem.message) end
  say('ready', ready.id, ready.state)
  wait('output', function() return output:find('serving', 1, true) end)
  say('output')
  say('lens', lens('Stop'))

  local env = ask('env/resolve', { id = ready.id })
  local where, masked
  masked = true
  for _, v in ipairs(env.variables) do
    if v.name == 'SHOP_WHERE' then where = v.value end
    if v.secret and v.value then masked = false end
  end
  say('env', where, masked)
  say('stopped', ask('session/stop', { id = ready.id }).state)
  client.stop()
  wait('end of the server', function() return client.is_stopped() end)
  say('exit', 0)
end

local ok, failure = xpcall(session, debug.traceback)
if not ok then
  io.stderr:write(failure .. '\n')
  vim.cmd('cquit 1')
end
vim.cmd('qall!')
