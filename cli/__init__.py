"""``touchstone …``: thin views over operations; heavy imports happen inside the commands."""
