"""What a pool pays, as data: policy files read, checked, proved, compared and told in words, and quotes made by them."""
