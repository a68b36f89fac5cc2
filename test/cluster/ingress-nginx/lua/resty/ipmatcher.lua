-- Stand-in: no address is ever on a list.
return {
  new = function()
    return {
      match = function()
        return false
      end,
    }
  end,
}
