-- Stand-in: a feature that no test uses.
return {
  new = function()
    return nil, "not in this build"
  end,
}
