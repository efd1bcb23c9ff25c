-- A session in headless Neovim: nvim --headless -u NONE --cmd 'set rtp^=…' -l or -c luafile. Writes
-- one JSON list per line to the file in $TANDEM_TEST_OUT.
local out = assert(io.open(vim.env.TANDEM_TEST_OUT, 'w'))
local function tell(...)
  out:write(vim.json and vim.json.encode({ ... }) or vim.fn.json_encode({ ... }), '\n')
  out:flush()
end

local function await(what, check)
  if not vim.wait(60000, check, 20) then
    tell('timeout', what)
    vim.cmd('cquit 1')
  end
end

local ok, err = pcall(function()
  local tandem = require('tandem')
  local said = {}
  vim.notify = function(text, level) table.insert(said, { text, level }) end
  local states = {}
  tandem.setup({
    cmd = vim.fn.json_decode(vim.env.TANDEM_TEST_CMD),
    on_change = function(s) if states[#states] ~= s.state then table.insert(states, s.state) end end,
  })
  vim.cmd('runtime plugin/tandem.lua')
  vim.cmd('edit okteto.yml')
  await('the manifest is known', function() return vim.tbl_contains(tandem.complete('idle', ''), 'api') end)
  tell('devs', tandem.complete('idle', ''))

  vim.cmd('TandemRun api')
  await('ready', function() return states[#states] == 'ready' end)
  tell('states', states)
  tell('statusline', tandem.statusline())
  await('the command has written', function()
    local buffer = vim.fn.bufnr('tandem://')
    return buffer > 0 and table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n'):find('serving')
  end)
  tell('output')

  vim.cmd('TandemEnv api')
  await('the float', function() return vim.bo.filetype == 'tandem' end)
  local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  tell('float', text:match('API_TOKEN=[^\n]*'))
  vim.fn.search('^API_TOKEN=')
  vim.api.nvim_feedkeys('r', 'xt', false)
  await('the value is revealed', function() return not vim.api.nvim_get_current_line():find('•') end)
  tell('revealed', vim.api.nvim_get_current_line():match('^API_TOKEN=(%S+)'))
  vim.cmd('close')

  vim.cmd('TandemExplain API_TOKEN')
  await('the explanation', function() return vim.bo.filetype == 'tandem' end)
  tell('explained', vim.api.nvim_buf_get_lines(0, 0, 2, false))
  vim.cmd('close')

  states = { 'ready' } -- counters may change once more
  vim.cmd('TandemStop api')
  await('stopped', function() return states[#states] == 'stopped' end)
  tell('states', states)
  tell('statusline', tandem.statusline())

  -- An error arrives with its hint.
  tandem.stop('nobody')
  await('a warning', function() return #said > 0 and said[#said][1]:find('there is none') ~= nil end)
  for _, s in ipairs(said) do
    if s[2] == vim.log.levels.ERROR then tell('error', s[1]) end
  end
end)
if not ok then tell('failed', err) end
vim.lsp.stop_client(vim.lsp.get_active_clients())
out:close()
vim.cmd(ok and 'qall!' or 'cquit 1')
