"""The care book by its days: what BooksService tells of it, and how a day with a home node is caught up and summed."""
