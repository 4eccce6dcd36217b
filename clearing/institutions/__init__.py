"""What institutions bring and are told: statements (3201, 3202), the month's apportionment and applications (3203 on)."""
