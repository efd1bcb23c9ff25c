--- nvim-dap: the adapter "tandem", which the server starts inside a session.
---
---   require('tandem.dap').setup()
---   -- then :lua require('dap').continue() offers "Debug hybrid: <dev>"
local client = require('tandem.client')
local words = require('tandem.words')

local M = {}

--- with_session runs next with a session that is up, which is started where none is.
local function with_session(dev, next)
  for _, s in ipairs(client.alive()) do
    if s.dev == dev and s.state == 'ready' then
      return next(s)
    end
  end
  client.pick_dev(dev, 'idle', function(entry)
    client.request('session/start', { manifest = entry.manifest, dev = entry.dev, options = { run = false } }, function(err, s)
      if err then
        return words.complain(dev .. ' was not started', err)
      end
      next(s)
    end)
  end)
end

--- adapter is nvim-dap's: it asks the server for a debugger and hands over its address.
function M.adapter(callback, config)
  with_session(config.dev, function(s)
    local params = { id = s.id, language = config.language, mode = config.mode or 'launch', program = config.program, args = config.args, cwd = config.cwd }
    client.request('debug/start', params, function(err, d)
      if err then
        return words.complain(config.dev .. ' cannot be debugged', err)
      end
      callback({
        type = 'server', host = d.host, port = d.port,
        enrich_config = function(c, on_config) on_config(vim.tbl_extend('force', c, d.configuration or {})) end,
      })
    end)
  end)
end

--- configuration is one for a dev.
function M.configuration(dev)
  return { type = 'tandem', request = 'launch', name = 'Debug hybrid: ' .. dev, dev = dev }
end

--- setup registers the adapter and, for the filetypes, a configuration of each dev.
---@param opts table|nil { filetypes: string[]|nil, devs: string[]|nil }
function M.setup(opts)
  opts = opts or {}
  local dap = require('dap')
  dap.adapters.tandem = M.adapter
  for _, filetype in ipairs(opts.filetypes or { 'go' }) do
    dap.configurations[filetype] = dap.configurations[filetype] or {}
    for _, dev in ipairs(opts.devs or client.names('idle')) do
      table.insert(dap.configurations[filetype], M.configuration(dev))
    end
  end
end

return M
