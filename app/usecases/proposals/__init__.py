"""What the model may lack, proposed with its evidence for a person to accept or refuse."""
