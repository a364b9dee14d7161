"""What is supervised: food businesses, the officers bound to them, their dated status and grade."""
