"""Who owes whom: positions, their netting and explanation, and the documents printed of them."""
