-- Loaded by Neovim at its start: commands only; everything else when one of them is used.
if vim.g.loaded_tandem then
  return
end
vim.g.loaded_tandem = true

local function complete(kind)
  return function(lead)
    return require('tandem').complete(kind, lead)
  end
end

local function command(name, run, opts)
  vim.api.nvim_create_user_command(name, function(a)
    run(require('tandem'), a.args ~= '' and a.args or nil)
  end, opts)
end

command('TandemRun', function(t, dev) t.run(dev) end, { nargs = '?', complete = complete('idle'), desc = 'Run a dev hybrid' })
command('TandemConnect', function(t, dev) t.connect(dev) end, { nargs = '?', complete = complete('idle'), desc = 'Start a session without its command' })
command('TandemStop', function(t, dev) t.stop(dev) end, { nargs = '?', complete = complete('alive'), desc = 'Stop a session and give the cluster back' })
command('TandemRestart', function(t, dev) t.restart(dev) end, { nargs = '?', complete = complete('alive'), desc = 'Restart the command of a session' })
command('TandemStatus', function(t) t.status() end, { nargs = 0, desc = 'Show the sessions' })
command('TandemEnv', function(t, dev) t.environment(dev) end, { nargs = '?', complete = complete('alive'), desc = 'Show the environment of a session in a float' })
command('TandemExplain', function(t, name) t.explain(name) end, { nargs = 1, complete = complete('variable'), desc = 'Tell how a variable came to its value' })
command('TandemOutput', function(t, dev) t.output(dev) end, { nargs = '?', complete = complete('alive'), desc = 'Show what the command of a session writes' })
