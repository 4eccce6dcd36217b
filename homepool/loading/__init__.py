"""People and what is known of them, brought into a home book from elsewhere; and a demonstration's made-up people."""
